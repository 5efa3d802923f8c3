/*
 * The modules that the build puts behind these names, one for each way of delivering WebAssembly: the
 * address of the file beside the script (browsers), a compiled module (workerd), or the bytes in the script
 * itself (Node, and bundlers that know no assets).
 */
declare module "#pkce.wasm" {
  const source: () => URL | Uint8Array | WebAssembly.Module;
  export default source;
}
declare module "#fhir.wasm" {
  const source: () => URL | Uint8Array | WebAssembly.Module;
  export default source;
}
