import type { components } from './schema'

/** A shape of the service's own, by its name in the OpenAPI document. */
export type Shape<Name extends keyof components['schemas']> = components['schemas'][Name]
