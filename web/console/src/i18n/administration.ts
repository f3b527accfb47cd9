// The words of pages that few open: they come with these, not with everybody's first load.

import { audit as auditEn } from './en/audit'
import { hours as hoursEn } from './en/hours'
import { audit as auditFr } from './fr/audit'
import { hours as hoursFr } from './fr/hours'
import { useWords } from './words'

const AUDIT = { fr: auditFr, en: auditEn }
const HOURS = { fr: hoursFr, en: hoursEn }

export const useAuditWords = () => AUDIT[useWords().tag]

export const useHoursWords = () => HOURS[useWords().tag]
