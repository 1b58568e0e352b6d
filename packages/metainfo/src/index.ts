export { currentContext, runWithContext } from "#ambient";
export { type Cancellable, withCancel, withDeadline, withSignal, withTimeout } from "./cancel.ts";
export { Context } from "./context.ts";
export { ContextError, type ContextErrorCode } from "./context-error.ts";
export { type ContextKey, contextKey } from "./context-key.ts";
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
