// What the service answered instead of what was asked for.

import type { Problem } from './schema'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  readonly errors: { field?: string; code?: string; detail?: string }[]

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? `HTTP ${status}`)
    this.status = status
    this.code = problem.code ?? 'unknown'
    this.field = problem.field
    this.errors = (problem.errors ?? []) as ApiError['errors']
  }

  /** Somebody else was quicker: nothing was overwritten. */
  get changedMeanwhile(): boolean {
    return this.code === 'changed_meanwhile' || this.status === 412
  }

  /** Which field it is about, for `name` or `parameters.date`; without the part of the request. */
  about(name: string): boolean {
    const fields = [this.field, ...this.errors.map((error) => error.field)]
    return fields.some((field) => field === name || field?.startsWith(`${name}.`) === true)
  }
}

/** The service did not answer. What was asked for may or may not have been done. */
export class AwayError extends Error {
  constructor() {
    super('The service does not answer.')
  }
}

export async function problemOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => ({}))
  return new ApiError(response.status, typeof body === 'object' && body !== null ? body : {})
}
