# Things that many files need.
namespace go example.common.Base

include "ids.thrift"

/** How it went. */
enum Status {
  OK = 0
  // Try again.
  BUSY = 1
  LOST = -1
}

typedef list<ids.Id> Ids
typedef Status State

struct Base {
  1: string caller
  2: optional map<string, string> extra
}

exception NotFound {
  1: required ids.Id id
  2: optional string message
}
typedef NotFound Missing

const i64 LIMIT = 1000
const State INITIAL = Status.BUSY

service Common {
  /** Says that it is there. */
  Status Ping()
}
