// Compiled from codecs.as.ts by tools/build-kernels.ts. Do not edit.
// 42 bytes of WebAssembly in base64.
export const wasmBase64 = `
AGFzbQEAAAAFAwEAAAYIAX8AQYCABAsHEQIEcGFnZQMABm1lbW9yeQIA
`
