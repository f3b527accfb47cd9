import { render } from 'preact'

import { App } from './app'
import './style.css'

render(<App />, document.getElementById('app')!)

if ('serviceWorker' in navigator) {
  // After the first screen: on a slow link nothing competes with it.
  addEventListener('load', () => void navigator.serviceWorker.register('/app/sw.js', { scope: '/app/' }))
}
void navigator.storage?.persist?.()
