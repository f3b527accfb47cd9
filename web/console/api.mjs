// The service's OpenAPI document (on stdin) as the TypeScript types of its client (on stdout), in
// the shape that openapi-fetch takes. A generator of our own because those on npm ask for the
// compiler interface that TypeScript 7 no longer has.
//
//   python -m commands.openapi | node console/api.mjs > console/src/api/schema.ts

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const HEADER = '// Made from the OpenAPI document by console/api.mjs: do not edit, make it anew.\n'

const PROBLEM = 'application/problem+json'
let problem = 'unknown'

// Every route answers with the same problem document: it is written out once.
const problemOf = (schema) => {
  problem = typeOf(schema)
  return 'Problem'
}

const quoted = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name))
const several = (parts, between) => [...new Set(parts)].join(between) || 'unknown'

function typeOf(schema, indent = '') {
  if (schema === undefined || schema === true) return 'unknown'
  if (schema.$ref) return `components['schemas']['${schema.$ref.split('/').pop()}']`
  const either = schema.anyOf ?? schema.oneOf
  if (either) return several(either.map((one) => typeOf(one, indent)), ' | ')
  if (schema.allOf) return several(schema.allOf.map((one) => typeOf(one, indent)), ' & ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (Array.isArray(schema.type)) {
    return several(schema.type.map((type) => typeOf({ ...schema, type }, indent)), ' | ')
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return listOf(schema, indent)
    case 'object':
      return objectOf(schema, indent)
    default:
      return schema.properties ? objectOf(schema, indent) : 'unknown'
  }
}

function listOf(schema, indent) {
  if (schema.prefixItems) return `[${schema.prefixItems.map((one) => typeOf(one, indent)).join(', ')}]`
  const item = typeOf(schema.items, indent)
  return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`
}

function objectOf(schema, indent) {
  const names = Object.keys(schema.properties ?? {})
  const rest = schema.additionalProperties
  if (names.length === 0) {
    return `Record<string, ${rest && rest !== true ? typeOf(rest, indent) : 'unknown'}>`
  }
  const required = new Set(schema.required ?? [])
  const inner = `${indent}  `
  const lines = names.map((name) => {
    const property = schema.properties[name]
    const comment = property.description ? `${inner}/** ${onOneLine(property.description)} */\n` : ''
    const optional = required.has(name) ? '' : '?'
    return `${comment}${inner}${quoted(name)}${optional}: ${typeOf(property, inner)}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

const onOneLine = (text) => text.replaceAll('*/', '* /').replace(/\s+/g, ' ').trim()

function contentOf(content, indent) {
  const kinds = Object.entries(content ?? {})
  if (kinds.length === 0) return 'never'
  const inner = `${indent}  `
  const lines = kinds.map(
    ([kind, media]) =>
      `${inner}${JSON.stringify(kind)}: ${kind === PROBLEM ? problemOf(media.schema) : typeOf(media.schema, inner)}`,
  )
  return `{\n${lines.join('\n')}\n${indent}}`
}

function parametersOf(parameters, indent) {
  const inner = `${indent}  `
  const groups = ['query', 'header', 'path', 'cookie'].map((place) => {
    const mine = parameters.filter((one) => one.in === place)
    if (mine.length === 0) return `${inner}${place}?: never`
    const schema = {
      type: 'object',
      properties: Object.fromEntries(mine.map((one) => [one.name, one.schema])),
      required: mine.filter((one) => one.required).map((one) => one.name),
    }
    const optional = schema.required.length ? '' : '?'
    return `${inner}${place}${optional}: ${typeOf(schema, inner)}`
  })
  return `{\n${groups.join('\n')}\n${indent}}`
}

function operationOf(operation, shared, indent) {
  const inner = `${indent}  `
  const lines = [`${inner}parameters: ${parametersOf([...shared, ...(operation.parameters ?? [])], inner)}`]
  const body = operation.requestBody
  if (body) {
    lines.push(`${inner}requestBody${body.required ? '' : '?'}: { content: ${contentOf(body.content, inner)} }`)
  } else {
    lines.push(`${inner}requestBody?: never`)
  }
  const answers = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const key = /^\d{3}$/.test(status) ? status : JSON.stringify(status)
    const content = contentOf(response.content, `${inner}  `)
    const optional = content === 'never' ? '?' : ''
    return `${inner}  ${key}: { headers: Record<string, unknown>; content${optional}: ${content} }`
  })
  lines.push(`${inner}responses: {\n${answers.join('\n')}\n${inner}}`)
  return `{\n${lines.join('\n')}\n${indent}}`
}

export function typesOf(document) {
  const paths = Object.keys(document.paths)
    .sort()
    .map((path) => {
      const methods = METHODS.flatMap((method) => {
        const operation = document.paths[path][method]
        if (!operation) return []
        const comment = operation.summary ? `    /** ${onOneLine(operation.summary)} */\n` : ''
        return `${comment}    ${method}: ${operationOf(operation, document.paths[path].parameters ?? [], '    ')}`
      })
      return `  ${JSON.stringify(path)}: {\n${methods.join('\n')}\n  }`
    })
  const schemas = Object.keys(document.components?.schemas ?? {})
    .sort()
    .map((name) => `    ${quoted(name)}: ${typeOf(document.components.schemas[name], '    ')}`)
  return (
    `${HEADER}\nexport interface paths {\n${paths.join('\n')}\n}\n\n` +
    `export interface components {\n  schemas: {\n${schemas.join('\n')}\n  }\n}\n\n` +
    `export type Problem = ${problem}\n`
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(typesOf(JSON.parse(readFileSync(0, 'utf-8'))))
}
