// Ids of the sections in the header info.
export const padding = 0x00;
export const strings = 0x01;
export const ints = 0x10;
export const aclToken = 0x11;
