declare module 'tus-js-client/lib/upload.js' {
  export default class Upload {
    constructor(file: unknown, options: Record<string, unknown>)
    start(): void
  }
}
