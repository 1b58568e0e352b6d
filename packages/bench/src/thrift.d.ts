// npm thrift ships no declarations; its users say themselves what they use of it.
declare module "thrift" {
  const thrift: unknown;
  export default thrift;
}
