import type { Me } from '../../session/session'

export default function Trends(_: { me: Me; chosen?: number | null; id?: number; section?: string }) {
  return null
}
