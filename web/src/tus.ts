// What tus-js-client needs to run where there is no XMLHttpRequest: in a service worker.

interface Slice {
  value: Blob
  size: number
  done: boolean
}

export class SealedBytes {
  readonly size: number

  constructor(private readonly bytes: ArrayBuffer) {
    this.size = bytes.byteLength
  }

  async slice(start: number, end: number): Promise<Slice> {
    const value = new Blob([this.bytes.slice(start, Math.min(end, this.size))])
    return { value, size: value.size, done: end >= this.size }
  }

  close(): void {}
}

export class FetchStack {
  constructor(private readonly seconds: number) {}

  createRequest(method: string, url: string): FetchRequest {
    return new FetchRequest(method, url, this.seconds)
  }

  getName(): string {
    return 'FetchStack'
  }
}

class FetchRequest {
  private readonly headers: Record<string, string> = {}
  private readonly control = new AbortController()

  constructor(
    private readonly method: string,
    private readonly url: string,
    private readonly seconds: number,
  ) {}

  getMethod = (): string => this.method
  getURL = (): string => this.url
  setHeader(name: string, value: string): void {
    this.headers[name] = value
  }
  getHeader = (name: string): string | undefined => this.headers[name]
  setProgressHandler(): void {}
  getUnderlyingObject = (): unknown => undefined

  async send(body: BodyInit | null = null): Promise<FetchResponse> {
    const timer = setTimeout(() => this.control.abort(), this.seconds * 1000)
    try {
      const { method, headers } = this
      const answer = await fetch(this.url, { method, headers, body, signal: this.control.signal })
      return new FetchResponse(answer, await answer.text())
    } finally {
      clearTimeout(timer)
    }
  }

  async abort(): Promise<void> {
    this.control.abort()
  }
}

class FetchResponse {
  constructor(
    private readonly answer: Response,
    private readonly body: string,
  ) {}

  getStatus = (): number => this.answer.status
  getHeader = (name: string): string | null => this.answer.headers.get(name)
  getBody = (): string => this.body
  getUnderlyingObject = (): Response => this.answer
}
