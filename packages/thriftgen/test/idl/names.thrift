include "names/map.thrift"


// Names that TypeScript, or the generated code, needs.
struct Map { 1: string case, 2: i32 constructor, 3: Struct then }
struct Map_ {}
struct Struct { 1: string struct, 2: map.Service service }
struct class { 1: optional class class }
struct string_list { 1: list<string> t }
enum any { default, function }
exception Error { 1: string name, 2: string message }
const i32 t = 5
const any undefined = any.function

struct Cases {
  1: i32 foo_bar
  2: i32 fooBar
  3: i32 foo__bar
  4: i32 FOO
  5: i32 _hidden
}

service Service {
  void Echo()
  void echo()
  void then()
  void delete()
  void Thing(1: string class, 2: i32 t = t)
}
