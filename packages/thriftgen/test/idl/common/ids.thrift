typedef i64 Id
struct Owner { 1: required Id id }
