//! The package's two modules as serde-wasm-bindgen and web-sys would have them, to be measured beside those that are
//! shipped: `objects` reads pages into JavaScript objects without any text in between, `console` tells the browser's
//! console of entries that cannot be read, `crypto` takes its random values by web-sys.

#[cfg(feature = "crypto")]
pub mod crypto;
#[cfg(feature = "objects")]
pub mod objects;
#[cfg(feature = "objects")]
#[path = "../../../src/search.rs"]
pub mod search;

/// The heap of the module for PKCE, as the shipped one has it.
#[cfg(all(target_arch = "wasm32", feature = "crypto", not(feature = "objects")))]
#[global_allocator]
static HEAP: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// The heap of the parser.
#[cfg(all(target_arch = "wasm32", feature = "objects"))]
#[global_allocator]
static HEAP: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
