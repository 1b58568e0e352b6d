// What a streaming frame is: the value of integer key 27, as one decimal digit.
/** Not a streaming frame. */
export const none = 0;
export const meta = 1;
export const header = 2;
export const data = 3;
export const trailer = 4;
export const rst = 5;

export type Kind = typeof none | typeof meta | typeof header | typeof data | typeof trailer | typeof rst;
