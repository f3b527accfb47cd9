// Whom a form means, as the service counts them: from a file, or by a filter.

import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { send } from '../../api/upload'
import { type CampaignForm, filterOf, knowsReference, layoutQuery } from '../../logic/campaign-form'
import { useSettled } from '../../logic/settled'

const KEPT = 30 * 60_000

/** A file, looked through by the service; asked once for each way of reading it, never by itself. */
export function useFileCheck({ source, file, layout }: CampaignForm) {
  return useQuery({
    queryKey: ['campaign-file', file?.key ?? '', layout],
    queryFn: ({ signal }) =>
      send<Shape<'FileCheck'>>('/api/v1/campaigns/file', file as NonNullable<typeof file>, {
        query: layoutQuery(layout),
        signal,
      }),
    enabled: source === 'file' && file !== null && (layout === null || knowsReference(layout.mapping)),
    staleTime: 'static',
    gcTime: KEPT,
    // The columns stay where they are while they are read in another way.
    placeholderData: (before, query) => (query?.queryKey[1] === file?.key ? before : undefined),
  })
}

export function useFilterCount(form: CampaignForm) {
  const settled = useSettled(form, 300)
  const filter = filterOf(settled)
  return useQuery({
    queryKey: ['campaign-audience', filter],
    queryFn: ({ signal }) => got(api.POST('/api/v1/campaigns/audience', { body: filter, signal })),
    enabled: form.source === 'filter',
    placeholderData: keepPreviousData,
  })
}

export interface Audience {
  contacts: number
  /** Who will be added to the contacts. */
  fresh: number
  languages: Shape<'LanguageShare'>[]
  /** Lines that say nothing where a text needs it. */
  withoutValue: number
}

/** Null while nobody knows. */
export function useAudience(form: CampaignForm): Audience | null {
  const file = useFileCheck(form)
  const filter = useFilterCount(form)
  if (form.source === 'filter') return filter.data ? { ...filter.data, fresh: 0, withoutValue: 0 } : null
  const report = file.isPlaceholderData || !form.file ? null : file.data?.report
  if (!report) return null
  const without = file.data?.refused.filter(({ field }) => field?.startsWith('value.')) ?? []
  return {
    contacts: report.known + report.new,
    fresh: report.new,
    languages: report.languages,
    withoutValue: without.length,
  }
}
