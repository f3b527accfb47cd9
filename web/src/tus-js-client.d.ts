declare module 'tus-js-client/lib/upload.js' {
  export default class Upload {
    static defaultOptions: Record<string, unknown>
    constructor(file: unknown, options: Record<string, unknown>)
    start(): void
  }
}
