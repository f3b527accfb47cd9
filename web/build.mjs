// Builds what people see in a browser. The patients' app into dist/: the page in hashed pieces and
// the service worker with the list of them. The console into console/dist/. Every file once more
// as br and gz, so that serving costs no compression.

import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import { build } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const dist = join(root, 'dist')
const consoleRoot = join(root, 'console')
const SMALL = 200 // bytes below which compressing saves nothing
const NOT_KEPT = /^(icon-.*|manifest\..*|sw\.js)$/ // the browser keeps these itself
const common = { root, base: '/app/', configFile: false, logLevel: 'warn' }

const files = async (folder) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))

async function compress(folder) {
  for (const path of await files(folder)) {
    if (/\.png$/.test(path)) continue
    const content = await readFile(join(folder, path))
    if (content.length < SMALL) continue
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 }
    await writeFile(join(folder, `${path}.br`), brotliCompressSync(content, { params: quality }))
    await writeFile(join(folder, `${path}.gz`), gzipSync(content, { level: 9 }))
  }
}

async function buildApp() {
  await rm(dist, { recursive: true, force: true })
  await build({
    ...common,
    build: { outDir: dist, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  })
  const kept = (await files(dist)).filter((path) => !NOT_KEPT.test(path)).sort()
  const list = await Promise.all(
    kept.map(async (path) => ({
      url: path,
      revision: path.startsWith('assets/')
        ? null // its name says what is in it
        : createHash('sha256').update(await readFile(join(dist, path))).digest('hex').slice(0, 16),
    })),
  )
  await build({
    ...common,
    publicDir: false,
    define: { 'self.__WB_MANIFEST': JSON.stringify(list), 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: join(root, 'src/sw.ts'), formats: ['iife'], name: 'sw', fileName: () => 'sw.js' },
    },
  })
  await compress(dist)
}

async function buildConsole() {
  await build({ root: consoleRoot, configFile: join(consoleRoot, 'vite.config.ts'), logLevel: 'warn' })
  await compress(join(consoleRoot, 'dist'))
}

await buildApp()
await buildConsole()
