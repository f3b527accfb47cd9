// A new version takes over between two patients, never in the middle of one.

export function updateWhenIdle(): void {
  void navigator.serviceWorker?.getRegistration().then((registration) => {
    if (!registration?.waiting) return
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    registration.waiting.postMessage('take over')
  })
}
