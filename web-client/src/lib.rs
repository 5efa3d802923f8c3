//! The browser's side of Bluegate: `bluegate-shared` behind WebAssembly exports.
//!
//! Each feature becomes a module of its own, so that a page which only signs in does not load the parser:
//! `pkce` makes verifiers, challenges and states from the platform's random source; `fhir` reads pages of
//! claims and writes their search parameters. The TypeScript layer in `ts/` wraps both; nothing here knows of HTTP or of the DOM.

#[cfg(feature = "fhir")]
pub mod fhir;
#[cfg(feature = "pkce")]
pub mod pkce;
#[cfg(feature = "fhir")]
pub mod search;

/// The heap of the module for PKCE.
#[cfg(all(target_arch = "wasm32", feature = "pkce", not(feature = "fhir")))]
#[global_allocator]
static HEAP: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// The heap of the parser.
#[cfg(all(target_arch = "wasm32", feature = "fhir"))]
#[global_allocator]
static HEAP: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
