// What a reminder can say, written once per language.

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'

export const readTemplates = () => got(api.GET('/api/v1/templates', {}))

/** Its text in a language, else in any: they ask for the same words. */
export const textIn = (template: Shape<'TemplateOut'>, language: string): string =>
  (template.texts.find((one) => one.language === language) ?? template.texts[0])?.text ?? ''
