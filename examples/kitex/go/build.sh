#!/bin/sh
# Builds Kitex's code generator, generates kitex_gen from the IDL, and builds bin/server and bin/client.
set -eu
cd "$(dirname "$0")"
mkdir -p bin
go build -o bin/ tool
PATH="$PWD/bin:$PATH" bin/kitex -module example -streamx ../idl/greeter.thrift
go build -o bin/ ./server ./client
