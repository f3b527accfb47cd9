import type { Me } from '../../session/session'

export default function NewCampaign(_: { me: Me; chosen?: number | null; id?: number; section?: string }) {
  return null
}
