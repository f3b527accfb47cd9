// Where this is about: `/app/#/north/lab` names an establishment and a department; a third part is
// the anonymous token of a QR link, for a patient's own phone. A fragment is never sent anywhere, so
// no server's log learns of a department, or of a token.

import { fact, note } from './store'

export interface Place {
  slug: string // '': the installation's only or default establishment
  department: string
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/

const TOKEN = /^cll_[A-Za-z0-9_-]{20,100}$/

export const base = (slug: string): string => (slug ? `/api/v1/e/${slug}` : '/api/v1')

function named(hash: string): (Place & { token: string }) | undefined {
  const [slug = '', department = '', token = ''] = hash.replace(/^#\/?/, '').split('/')
  if (!hash.startsWith('#/') || (slug && slug !== '-' && !NAME.test(slug))) return undefined
  return {
    slug: slug === '-' ? '' : slug,
    department: NAME.test(department) ? department : '',
    token: TOKEN.test(token) ? token : '',
  }
}

// A link that says nothing (the installed app's own) means the place of the last one that did.
export async function place(): Promise<Place> {
  const found = named(location.hash)
  if (found) {
    const { token, ...here } = found
    await note('place', here)
    if (token) await note(`link ${base(here.slug)}`, token)
    return here
  }
  return (await fact<Place>('place')) ?? { slug: '', department: '' }
}
