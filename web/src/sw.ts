/// <reference lib="webworker" />
// The service worker: keeps the app itself (never an answer of the API), and sends what waits when
// the browser says that there is a network, with the page closed too.

import { cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching'

import { sendAll } from './send'

declare const self: ServiceWorkerGlobalScope & {
  __WB_MANIFEST: { url: string; revision: string | null }[]
}

interface SyncEvent extends ExtendableEvent {
  tag: string
}

precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/./] })
cleanupOutdatedCaches()

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('message', (event) => {
  if (event.data === 'take over') void self.skipWaiting()
})
self.addEventListener('sync', (event) => {
  const asked = event as SyncEvent
  asked.waitUntil(
    sendAll().then((outcome) => {
      if (outcome === 'later' || outcome === 'busy') throw new Error('not yet') // the browser tries again
    }),
  )
})
