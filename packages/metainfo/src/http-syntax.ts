const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\0-\x08\x0a-\x1f\x7f]/;

/** Whether `name` may be the name of an HTTP header: an RFC 7230 token. */
export function isHTTPToken(name: string): boolean {
  return token.test(name);
}

/** Whether `value` may be the value of an HTTP header: no control character other than TAB. */
export function isHTTPFieldValue(value: string): boolean {
  return !control.test(value);
}
