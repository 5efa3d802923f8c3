//! What the host keeps for one instance of a component.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{Accessor, HasData, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::{sqlite, variables as spin_variables};
use crate::outbound::Outbound;
use crate::sqlite::{Databases, Sqlite};
use crate::stdio::Logs;
use crate::variables::check_key;

/// The host's side of one instance.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    variables: Arc<BTreeMap<String, String>>,
    pub(crate) databases: Databases,
    pub(crate) table: ResourceTable,
}

impl State {
    /// An instance that sees nothing of the machine but its environment variables, clocks and logs.
    pub fn new(
        environment: &[(String, String)],
        logs: &Logs,
        outbound: Outbound,
        variables: Arc<BTreeMap<String, String>>,
        databases: Databases,
    ) -> Self {
        let wasi = WasiCtx::builder()
            .envs(environment)
            .stdout(logs.stdout.clone())
            .stderr(logs.stderr.clone())
            .build();
        Self {
            wasi,
            http: WasiHttpCtx::new(),
            outbound,
            variables,
            databases,
            table: ResourceTable::new(),
        }
    }

    /// Offers everything that this host has to components.
    pub fn link(linker: &mut Linker<Self>) -> wasmtime::Result<()> {
        wasmtime_wasi::p2::add_to_linker_async(linker)?;
        wasmtime_wasi::p3::add_to_linker(linker)?;
        wasmtime_wasi_http::p3::add_to_linker(linker)?;
        sqlite::add_to_linker::<_, Sqlite>(linker, |state| state)?;
        spin_variables::add_to_linker::<_, ComponentVariables>(linker, |state| state)?;
        Ok(())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound,
        }
    }
}

/// Marks `spin:variables` in the linker.
struct ComponentVariables;

impl HasData for ComponentVariables {
    type Data<'a> = &'a mut State;
}

impl spin_variables::Host for State {}

impl<T: Send> spin_variables::HostWithStore<T> for ComponentVariables {
    async fn get(
        store: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, spin_variables::Error>> {
        if let Err(why) = check_key(&name) {
            return Ok(Err(spin_variables::Error::InvalidName(why)));
        }
        let value = store.with(|mut access| access.get().variables.get(&name).cloned());
        Ok(value.ok_or_else(|| {
            spin_variables::Error::Undefined(format!("no variable {name:?} for this component"))
        }))
    }
}
