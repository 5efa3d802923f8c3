//! The WebAssembly engine, with compiled components kept on disk.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    ProfilingStrategy,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::state::State;

/// Instances that may be alive at once, as on Spin.
const MAX_INSTANCES: u32 = 1_000;

/// Makes an engine that keeps what it compiled below `cache`, so that the next start is quick. With `perfmap`
/// it writes the file by which `perf` names the functions of components.
pub fn engine(cache: &Path, perfmap: bool) -> Result<Engine> {
    let mut config = Config::new();
    if perfmap {
        config.profiler(ProfilingStrategy::PerfMap);
    }
    config.wasm_component_model_async(true);
    let mut cached = CacheConfig::new();
    cached.with_directory(std::path::absolute(cache)?);
    config.cache(Some(Cache::new(cached)?));
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    // The pool reserves terabytes of address space, which not every machine grants.
    Engine::new(&config).or_else(|_| {
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Ok(Engine::new(&config)?)
    })
}

/// Compiles the component in `file` and ties it to what the host offers.
pub fn load(engine: &Engine, id: &str, file: &Path) -> Result<ServicePre<State>> {
    let bytes = std::fs::read(file).with_context(|| {
        format!(
            "component {id:?}: cannot read {} (was it built?)",
            file.display()
        )
    })?;
    let component = Component::from_binary(engine, &bytes).map_err(|e| {
        anyhow!(
            "component {id:?}: {} is not a component: {e:#}",
            file.display()
        )
    })?;
    let mut linker = Linker::new(engine);
    State::link(&mut linker)?;
    let pre = linker.instantiate_pre(&component).map_err(|e| {
        anyhow!("component {id:?} wants something that this host does not offer: {e:#}")
    })?;
    ServicePre::new(pre).map_err(|e| {
        anyhow!("component {id:?} exports no wasi:http/handler@0.3 (this host serves no older interface): {e:#}")
    })
}

/// Sizes of the pool as Spin chooses them.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(2 * MAX_INSTANCES)
        .total_stacks(MAX_INSTANCES)
        .total_core_instances(4 * MAX_INSTANCES)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4 << 30)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(1 << 19);
    pool
}
