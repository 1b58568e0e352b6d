// The names of metainfo where it travels as string pairs (TTHeader), and as HTTP headers. Source: gopkg v0.1.3
// `cloud/metainfo/{info,http}.go`. An upstream value has no HTTP form: it is not sent.

export const PREFIX_PERSISTENT = "RPC_PERSIST_";
export const PREFIX_TRANSIENT = "RPC_TRANSIT_";
export const PREFIX_TRANSIENT_UPSTREAM = "RPC_TRANSIT_UPSTREAM_";
export const PREFIX_BACKWARD = "RPC_BACKWARD_";
export const PREFIX_BACKWARD_DOWNSTREAM = "RPC_BACKWARD_DOWNSTREAM_";

export const HTTP_PREFIX_TRANSIENT = "rpc-transit-";
export const HTTP_PREFIX_PERSISTENT = "rpc-persist-";
export const HTTP_PREFIX_BACKWARD = "rpc-backward-";
