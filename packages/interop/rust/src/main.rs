//! A Volo peer that serves Lab's ping-pong methods over TTHeader and calls them, told by JSON lines on its stdin.
use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr};

use metainfo::{Backward, Forward, MetaInfo, METAINFO};
use pilota::{AHashMap, FastStr};
use serde::{Deserialize, Serialize};
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use volo_thrift::{ApplicationException, ApplicationExceptionKind, BizError, ClientError, MaybeException, ServerError};

mod gen {
    #![allow(warnings)]
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
}
use gen::volo_gen::lab::{
    Lab, LabClientBuilder, LabPingException, LabServer, Msg, Refused,
};

type Pairs = BTreeMap<String, String>;

struct Laboratory;

fn pairs(map: Option<&AHashMap<FastStr, FastStr>>, prefix: &str, into: &mut AHashMap<FastStr, FastStr>) {
    for (key, value) in map.into_iter().flatten() {
        into.insert(format!("{prefix}{key}").into(), value.clone());
    }
}

/// The directives of `go/directives.go`, as many as the smaller matrix needs: `meta`, `back=k:v`,
/// `biz=code:text`, `err=text`, `panic=text`.
fn answer(request: Msg) -> Result<Msg, ServerError> {
    let text = request.text.clone().unwrap_or_default();
    let mut reply = Msg { text: Some(format!("echo:{text}").into()), ..request };
    for directive in text.split(';') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let (key, rest) = value.split_once(':').unwrap_or((value, ""));
        match name {
            "meta" => {
                let mut seen = AHashMap::default();
                METAINFO.with(|m| {
                    let m = m.borrow();
                    pairs(m.get_all_persistents(), "P:", &mut seen);
                    pairs(m.get_all_upstreams(), "T:", &mut seen);
                });
                reply.info = Some(seen);
            }
            "back" => METAINFO.with(|m| m.borrow_mut().set_backward_transient(key.to_string(), rest.to_string())),
            "biz" => return Err(BizError::new(key.parse().unwrap_or(0), rest.to_string().into()).into()),
            "err" => {
                let kind = ApplicationExceptionKind::INTERNAL_ERROR;
                return Err(ApplicationException::new(kind, value.to_string()).into());
            }
            "panic" => panic!("{value}"),
            _ => {}
        }
    }
    Ok(reply)
}

impl Lab for Laboratory {
    async fn ping(&self, request: Msg) -> Result<MaybeException<Msg, LabPingException>, ServerError> {
        let text = request.text.clone().unwrap_or_default();
        if let Some(why) = text.strip_prefix("refuse=7:") {
            let refused = Refused { code: Some(7), why: Some(why.to_string().into()), ..Default::default() };
            return Ok(MaybeException::Exception(LabPingException::Refused(refused)));
        }
        answer(request).map(MaybeException::Ok)
    }
    async fn join(&self, first: FastStr, second: Msg, numbers: Vec<i32>) -> Result<Msg, ServerError> {
        let reply = answer(second)?;
        let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
        let text = format!("{first}+{}+[{}]", reply.text.clone().unwrap_or_default(), numbers.join(" "));
        Ok(Msg { text: Some(text.into()), ..reply })
    }
    async fn now(&self) -> Result<Msg, ServerError> {
        Ok(Msg { text: Some("echo:now".into()), ..Default::default() })
    }
    async fn touch(&self, _: Msg) -> Result<(), ServerError> {
        Ok(())
    }
    async fn note(&self, _: Msg) -> Result<(), ServerError> {
        Ok(())
    }
    async fn once(&self, request: Msg) -> Result<Msg, ServerError> {
        answer(request)
    }
    // Volo has no streams in Thrift.
    async fn collect(&self, request: Msg) -> Result<Msg, ServerError> {
        answer(request)
    }
    async fn feed(&self, request: Msg) -> Result<Msg, ServerError> {
        answer(request)
    }
    async fn chat(&self, request: Msg) -> Result<Msg, ServerError> {
        answer(request)
    }
}

#[derive(Deserialize)]
struct Request {
    id: u64,
    op: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    text: String,
    #[serde(default, rename = "blobBytes")]
    blob_bytes: usize,
    #[serde(default)]
    persistent: Pairs,
    #[serde(default)]
    transient: Pairs,
}

#[derive(Default, Serialize)]
struct Outcome {
    text: Option<String>,
    #[serde(rename = "blobBytes")]
    blob_bytes: usize,
    info: Pairs,
    backward: Pairs,
    error: Option<String>,
    #[serde(rename = "bizStatus")]
    biz_status: Option<i32>,
    refused: Option<i32>,
}

async fn call(request: Request) -> Outcome {
    let mut meta = MetaInfo::new();
    for (key, value) in request.persistent {
        meta.set_persistent(key, value);
    }
    for (key, value) in request.transient {
        meta.set_transient(key, value);
    }
    METAINFO
        .scope(RefCell::new(meta), async {
            let address: SocketAddr = request.target.parse().expect("an address");
            let client = LabClientBuilder::new("lab.service").address(address).caller_name("volo.client").build();
            let blob = (request.blob_bytes > 0).then(|| vec![7u8; request.blob_bytes].into());
            let result = client.ping(Msg { text: Some(request.text.into()), blob, ..Default::default() }).await;
            let mut outcome = Outcome::default();
            match result {
                Ok(MaybeException::Ok(reply)) => {
                    outcome.text = reply.text.map(|text| text.to_string());
                    outcome.blob_bytes = reply.blob.map_or(0, |blob| blob.len());
                    for (key, value) in reply.info.into_iter().flatten() {
                        outcome.info.insert(key.to_string(), value.to_string());
                    }
                }
                Ok(MaybeException::Exception(LabPingException::Refused(refused))) => outcome.refused = refused.code,
                Err(error) => {
                    outcome.error = Some(error.to_string());
                    if let ClientError::Biz(biz) = error {
                        outcome.biz_status = Some(biz.status_code);
                    }
                }
            }
            METAINFO.with(|m| {
                for (key, value) in m.borrow().get_all_backward_downstreams().into_iter().flatten() {
                    outcome.backward.insert(key.to_string(), value.to_string());
                }
            });
            outcome
        })
        .await
}

async fn listen() -> u16 {
    // Volo takes an address, not a listener: a free port is found first.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    tokio::spawn(async move {
        LabServer::new(Laboratory).run(volo::net::Address::from(address)).await.unwrap();
    });
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    port
}

#[tokio::main]
async fn main() {
    let mut lines = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tokio::spawn(async move {
            let request: Request = serde_json::from_str(&line).expect("a request");
            let id = request.id;
            let value = match request.op.as_str() {
                "listen" => serde_json::json!({ "port": listen().await }),
                _ => serde_json::to_value(call(request).await).unwrap(),
            };
            println!("{}", serde_json::json!({ "id": id, "value": value }));
        });
    }
}
