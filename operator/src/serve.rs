//! The pages of the process: `/livez`, `/readyz` and `/metrics`. They have a thread and a runtime of their own, so that
//! however busy the operator is, it can say that it lives.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, runtime, sync::Semaphore, time::timeout};

use crate::{
    access::{Access, Verdict},
    context::Context,
    health, telemetry,
};

/// Connections at a time; more wait.
const CONNECTIONS: usize = 64;
/// Time that a connection may take in all.
const DEADLINE: Duration = Duration::from_secs(30);
/// Time that the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);

/// Where the pages are, and who may see them.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Address of `/livez` and `/readyz`.
    pub health: Option<SocketAddr>,
    /// Address of `/metrics`.
    pub metrics: Option<SocketAddr>,
    /// Whether `/metrics` asks for a token, and the API server whether its owner may see it.
    pub protected: bool,
}

#[derive(Clone, Copy)]
enum Page {
    Health,
    Metrics,
}

/// Opens the addresses and starts to answer, for as long as the process lives.
///
/// # Errors
/// When an address cannot be had.
pub fn serve(ctx: &Context, pages: &Pages) -> io::Result<()> {
    let listen = |address: Option<SocketAddr>, page: Page| {
        address
            .map(|address| {
                let listener = std::net::TcpListener::bind(address)
                    .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
                listener.set_nonblocking(true)?;
                io::Result::Ok((listener, page))
            })
            .transpose()
    };
    let listeners = [listen(pages.health, Page::Health)?, listen(pages.metrics, Page::Metrics)?];
    let server = Server { ctx: ctx.clone(), access: pages.protected.then(|| Arc::new(Access::new(ctx))) };
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("pages".into()).spawn(move || {
        runtime.block_on(async move {
            let each = listeners.into_iter().flatten().map(|(listener, page)| accept(server.clone(), listener, page));
            futures::future::join_all(each).await;
        });
    })?;
    Ok(())
}

async fn accept(server: Server, listener: std::net::TcpListener, page: Page) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "no pages");
            return;
        }
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or a client that is gone already.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let server = server.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(server.answer(page, &request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            let _ = timeout(DEADLINE, connection).await;
            drop(permit);
        });
    }
}

#[derive(Clone)]
struct Server {
    ctx: Context,
    access: Option<Arc<Access>>,
}

impl Server {
    async fn answer(&self, page: Page, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned());
        }
        match (page, request.uri().path()) {
            (Page::Health, "/livez") => verdict(health::alive(&self.ctx)),
            (Page::Health, "/readyz") => verdict(health::ready(&self.ctx)),
            (Page::Metrics, "/metrics") => self.metrics(request.headers().get(header::AUTHORIZATION)).await,
            _ => plain(StatusCode::NOT_FOUND, "there is no such page\n".to_owned()),
        }
    }

    async fn metrics(&self, authorization: Option<&HeaderValue>) -> Response<Full<Bytes>> {
        if let Some(access) = &self.access {
            match access.judge(authorization).await {
                Verdict::Allowed => {}
                Verdict::Unknown => {
                    let mut answer = plain(StatusCode::UNAUTHORIZED, "a bearer token is needed\n".to_owned());
                    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                    return answer;
                }
                Verdict::Denied => {
                    let why = "the owner of this token may not get the non-resource URL /metrics\n";
                    return plain(StatusCode::FORBIDDEN, why.to_owned());
                }
                Verdict::Undecided(why) => {
                    return plain(StatusCode::SERVICE_UNAVAILABLE, format!("the token cannot be checked: {why}\n"));
                }
            }
        }
        match telemetry::exposition(&self.ctx) {
            Ok(text) => {
                let mut answer = plain(StatusCode::OK, text);
                answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(telemetry::CONTENT_TYPE));
                answer
            }
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}

fn verdict(verdict: Result<(), String>) -> Response<Full<Bytes>> {
    match verdict {
        Ok(()) => plain(StatusCode::OK, "ok\n".to_owned()),
        Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
