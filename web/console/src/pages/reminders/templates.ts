// What a reminder can say, written once per language.

import { ask } from '../../api/client'

export interface Template {
  name: string
  /** By language. */
  texts: Record<string, string>
}

export async function readTemplates(): Promise<Template[]> {
  const answer = await ask(new Request(new URL('/api/v1/templates', location.origin)))
  return answer.ok ? ((await answer.json()) as Template[]) : []
}

/** Its text in a language, else in any: they ask for the same words. */
export const textIn = (template: Template, language: string): string =>
  template.texts[language] ?? Object.values(template.texts)[0] ?? ''
