import { useQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'

export const useDepartments = () =>
  useQuery({
    queryKey: ['departments'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/departments', { signal })),
    staleTime: 300_000,
  })

/** A department as people call it; its code until that is known. */
export function useDepartmentName(): (code: string) => string {
  const { data } = useDepartments()
  return (code) => data?.find((one) => one.code === code)?.name ?? code
}
