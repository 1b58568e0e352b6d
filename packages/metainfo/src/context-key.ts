declare const valueType: unique symbol;

/** A symbol that knows the type of the value kept under it in a `Context`. */
export type ContextKey<T> = symbol & { readonly [valueType]?: T };

/**
 * A new key for `context.setValue` and `context.getValue`, equal to no other.
 *
 * @param description - shown when the key is printed
 */
export function contextKey<T>(description: string): ContextKey<T> {
  return Symbol(description) as ContextKey<T>;
}
