// Drawn for this console: one stroke, round ends, 24 by 24.

const PATHS = {
  today: 'M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5',
  reminders: 'M12 4a5 5 0 0 1 5 5c0 4 1.5 5.5 2.5 7h-15C5.500 14.500 7 13 7 9a5 5 0 0 1 5-5zM10 19a2 2 0 0 0 4 0',
  bulk: 'M4 10v4h3l8 4V6l-8 4zM18 9.500a4 4 0 0 1 0 5M9 15l1 4h2.500',
  feedback: 'M5 5h14v10h-8l-4 4v-4H5zM9 9h6M9 12h4',
  tasks: 'M4 6l1.500 1.500L8 5M4 12l1.500 1.500L8 11M4 18l1.500 1.500L8 17M11 6.500h9M11 12.500h9M11 18.500h9',
  trends: 'M4 19h16M6 15l4-5 3 3 5-7M18 6h-3M18 6v3',
  phrases: 'M4 5h11v8H9l-3 3v-3H4zM18 9h2v8h-2v3l-3-3h-4M7 9h5',
  microphone: 'M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4M9 21h6',
  stop: 'M7 7h10v10H7z',
  upload: 'M12 16V5M7 9l5-5 5 5M5 20h14',
  listen: 'M5 14v-2a7 7 0 0 1 14 0v2M5 14h3v6H5zM16 14h3v6h-3z',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500 20 20',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  back: 'M19 12H5M11 6l-6 6 6 6',
  right: 'M9 6l6 6-6 6',
  down: 'M6 9l6 6 6-6',
  sms: 'M5 5h14v11h-7l-4 3.500V16H5z',
  voice: 'M6 4h3l1.500 4-2 1.500a11 11 0 0 0 5 5l1.500-2 4 1.500v3a2 2 0 0 1-2 2C10.500 19 5 13.500 4 6a2 2 0 0 1 2-2z',
  whatsapp: 'M12 4a8 8 0 0 0-7 12l-1 4 4-1a8 8 0 1 0 4-15zM9 9c0 4 2 6 6 6l.5-2-2-1-1 1c-1 0-2-1-2-2l1-1-1-2z',
  email: 'M4 6h16v12H4zM4 7l8 6 8-6',
  app: 'M8 3h8v18H8zM11 18h2',
  web: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16',
  check: 'M5 12.500 10 17 19 7',
  warn: 'M12 4 21 19H3zM12 10v4M12 16.500v.01',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM5 20c.5-4 3-6 7-6s6.500 2 7 6',
  play: 'M8 5v14l11-7z',
  pause: 'M8 5v14M16 5v14',
  up: 'M12 19V5M6 11l6-6 6 6',
  downward: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  print: 'M7 9V4h10v5M7 16H4V9h16v7h-3M7 13h10v7H7z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.500 5.500 7 7M17 17l1.500 1.500M18.500 5.500 17 7M7 17l-1.500 1.500',
  moon: 'M19 14.500A8 8 0 0 1 9.500 5a7.500 7.500 0 1 0 9.500 9.500z',
  leave: 'M14 5H5v14h9M10 12h10M16 8l4 4-4 4',
  house: 'M5 20V6h9v14M14 10h5v10M3 20h18M8 9h3M8 13h3M8 17h3',
  repeat: 'M5 11a6 6 0 0 1 6-6h6M14 2l3 3-3 3M19 13a6 6 0 0 1-6 6H7M10 22l-3-3 3-3',
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: { name: IconName }) => (
  <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" className="icon">
    <path d={PATHS[name]} />
  </svg>
)

const STAR = 'M12 3.500l2.600 5.400 5.900.8-4.300 4.100 1 5.900-5.200-2.800-5.200 2.800 1-5.900L3.500 9.700l5.900-.8z'

export const Stars = ({ value, label }: { value: number; label: string }) => (
  <span className="stars" role="img" aria-label={label}>
    {[1, 2, 3, 4, 5].map((star) => (
      <svg key={star} viewBox="0 0 24 24" className={star <= value ? 'lit' : ''} aria-hidden="true">
        <path d={STAR} />
      </svg>
    ))}
  </span>
)
