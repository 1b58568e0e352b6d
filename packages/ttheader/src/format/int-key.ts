// Integer keys of the header that somebody reads. Values are text.
export const transportType = 1;
export const logId = 2;
export const fromService = 3;
export const toService = 6;
export const toMethod = 9;
/** Milliseconds, decimal. */
export const rpcTimeout = 12;
export const connectTimeout = 17;
export const fromMethod = 20;
export const messageType = 22;
export const frameKind = 27;
