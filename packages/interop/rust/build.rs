fn main() {
    volo_build::Builder::thrift()
        .add_service("../idl/lab.thrift")
        .ignore_unused(false)
        .write()
        .unwrap();
}
