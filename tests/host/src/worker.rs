//! The life of an instance: when it is made, how many requests it serves, when it ends.
//!
//! The queue and the event loop are wasmtime's own `ProxyHandler`, which Spin uses too. An instance
//! takes a further request only while all of its present ones wait for something.
//!
//! A client that goes away does not stop the component, as on Spin: the task runs to its end, its
//! reply is thrown away. A component that is still writing a body sees the reader close.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ProxyHandler, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::options::Reuse;
use crate::outbound::Outbound;
use crate::sqlite::Databases;
use crate::state::State;
use crate::stdio::Logs;

/// All instances of one component.
pub type Workers = ProxyHandler<Recipe>;

/// How to make an instance of a component.
pub struct Recipe {
    /// Its id, for messages.
    pub id: String,
    /// The compiled component.
    pub service: ServicePre<State>,
    /// How its instances are reused.
    pub reuse: Reuse,
    /// Its environment variables.
    pub environment: Vec<(String, String)>,
    /// Where it writes.
    pub logs: Logs,
    /// Its variables, templates filled in.
    pub variables: Arc<std::collections::BTreeMap<String, String>>,
    /// Its databases.
    pub store: crate::sqlite::Store,
    /// Its way out; set once the server exists.
    pub outbound: OnceLock<Outbound>,
}

impl Recipe {
    fn engine(&self) -> &Engine {
        self.service.engine()
    }
}

impl HandlerState for Recipe {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let outbound = self
            .outbound
            .get()
            .ok_or_else(|| wasmtime::format_err!("the server is not ready"))?;
        let state = State::new(
            &self.environment,
            &self.logs,
            outbound.clone(),
            self.variables.clone(),
            Databases::new(self.store.clone()),
        );
        let mut store = Store::new(self.engine(), state);
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: State::http,
            expiration: Expiration {
                reuse: self.reuse,
                sleep: Box::pin(tokio::time::sleep(std::time::Duration::MAX)),
            },
            state: Worker {
                id: self.id.clone(),
                reuse: self.reuse,
            },
        })
    }
}

/// Ends an instance that is idle for too long, or whose requests all took too long.
pub struct Expiration {
    reuse: Reuse,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle => self.reuse.idle,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.reuse.request,
        };
        let Some(deadline) = start.checked_add(limit) else {
            return Poll::Pending;
        };
        let deadline = deadline.into();
        if deadline != self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// What an instance accepts.
pub struct Worker {
    id: String,
    reuse: Reuse,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.reuse.count {
            ShouldAccept::Never
        } else if concurrent >= self.reuse.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.reuse.request))
    }

    fn drop(&self, store: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            eprintln!("host: component {:?}: instance failed: {error:#}", self.id);
        }
        drop(store);
    }
}
