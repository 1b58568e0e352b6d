export { currentContext, runWithContext } from "#ambient";
export {
  allBackwardValuesToSend,
  getAllBackwardValues,
  getBackwardValue,
  getBackwardValueToSend,
  hasBackwardValuesToSend,
  recvAllBackwardValues,
  recvBackwardValue,
  sendBackwardValue,
  sendBackwardValues,
  sendBackwardValuesFromMap,
  setBackwardValue,
  setBackwardValues,
  setBackwardValuesFromMap,
  withBackwardValues,
  withBackwardValuesToSend,
} from "./backward.ts";
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { type Cancellable, withCancel, withDeadline, withSignal, withTimeout } from "./cancel.ts";
export { Context } from "./context.ts";
export { ContextError, type ContextErrorCode } from "./context-error.ts";
export { type ContextKey, contextKey } from "./context-key.ts";
export { saveMetaInfoToMap, setMetaInfoFromMap } from "./convert-map.ts";
export type { Ended } from "./ended.ts";
export {
  countPersistentValues,
  countValues,
  delPersistentValue,
  delValue,
  type ForwardValues,
  forwardValues,
  getAllPersistentValues,
  getAllValues,
  getPersistentValue,
  getValue,
  getValueToMap,
  hasMetaInfo,
  rangePersistentValues,
  rangeValues,
  transferForward,
  withForwardValues,
  withPersistentValue,
  withPersistentValues,
  withValue,
  withValues,
} from "./forward.ts";
export {
  cgiVariableToHTTPHeader,
  fromHTTPHeader,
  HTTPHeader,
  type HTTPHeaderCarrier,
  type HTTPHeaderSetter,
  httpHeaderToCGIVariable,
  toHTTPHeader,
} from "./http-header.ts";
export { isHTTPFieldValue, isHTTPToken } from "./http-syntax.ts";
export { Metadata } from "./metadata.ts";
export {
  appendToOutgoingContext,
  fromIncomingContext,
  fromOutgoingContext,
  newIncomingContext,
  newOutgoingContext,
} from "./metadata-context.ts";
export { isProtocolMetadataName, isReservedMetadataName } from "./metadata-names.ts";
export type { MetadataValue, MetadataValueOf } from "./metadata-values.ts";
export {
  HTTP_PREFIX_BACKWARD,
  HTTP_PREFIX_PERSISTENT,
  HTTP_PREFIX_TRANSIENT,
  PREFIX_BACKWARD,
  PREFIX_BACKWARD_DOWNSTREAM,
  PREFIX_PERSISTENT,
  PREFIX_TRANSIENT,
  PREFIX_TRANSIENT_UPSTREAM,
} from "./prefixes.ts";
export type { MutableStringMap, StringMap } from "./string-map.ts";
export { decodeUtf8, wellFormed } from "./text.ts";
