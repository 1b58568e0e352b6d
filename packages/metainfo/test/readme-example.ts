import {
  Context,
  getPersistentValue,
  getValue,
  saveMetaInfoToMap,
  setMetaInfoFromMap,
  transferForward,
  withPersistentValue,
  withValue,
} from "@slipstream/metainfo";

/** What a call carries to the next service, and what that service's handler then has. */
function hop(context: Context): Context {
  const wire = new Map<string, string>();
  saveMetaInfoToMap(context, wire);
  return transferForward(setMetaInfoFromMap(Context.background, wire));
}

const caller = withPersistentValue(withValue(Context.background, "token", "t1"), "region", "eu");
const first = hop(caller);
const second = hop(first);

console.log(getValue(first, "token"), getPersistentValue(first, "region")); // t1 eu
console.log(getValue(second, "token"), getPersistentValue(second, "region")); // undefined eu
