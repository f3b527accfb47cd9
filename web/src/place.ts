// Where this is about: `/app/#/north/lab` names an establishment and a department. A fragment is
// never sent anywhere, so no server's log learns of a department.

import { fact, note } from './store'

export interface Place {
  slug: string // '': the installation's only or default establishment
  department: string
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/

function named(hash: string): Place | undefined {
  const [slug = '', department = ''] = hash.replace(/^#\/?/, '').split('/')
  if (!hash.startsWith('#/') || (slug && slug !== '-' && !NAME.test(slug))) return undefined
  return { slug: slug === '-' ? '' : slug, department: NAME.test(department) ? department : '' }
}

// A link that says nothing (the installed app's own) means the place of the last one that did.
export async function place(): Promise<Place> {
  const here = named(location.hash)
  if (here) {
    await note('place', here)
    return here
  }
  return (await fact<Place>('place')) ?? { slug: '', department: '' }
}

export const base = (slug: string): string => (slug ? `/api/v1/e/${slug}` : '/api/v1')
