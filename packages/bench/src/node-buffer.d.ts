// Methods of Node's Buffer that its types leave out: the fastest way between bytes and short strings.
interface Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number): number;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number): number;
}
