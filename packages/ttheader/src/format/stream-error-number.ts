// Numbers of Kitex's stream errors (Kitex v0.16.3 `pkg/remote/trans/ttstream/exception.go`).
export const applicationException = 12001;
export const unexpectedHeader = 12002;
export const illegalBizError = 12003;
export const illegalFrame = 12004;
export const illegalOperation = 12005;
export const transportClosing = 12006;
export const cancelledByUser = 12007;
export const internalCancelled = 12011;
export const connectionClosed = 12013;
export const recvTimeout = 12014;
export const streamTimeout = 12015;
