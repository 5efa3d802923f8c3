//! Interfaces of Spin that components import, generated from `wit/`.

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "spin:sqlite/sqlite@3.1.0.connection": crate::sqlite::Connection,
        },
        require_store_data_send: true,
    });
}

pub use generated::spin::sqlite::sqlite;
pub use generated::spin::variables::variables;
