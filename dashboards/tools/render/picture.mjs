// picture.mjs BUNDLE_FOLDER DASHBOARD.json PROMETHEUS_URL OUTPUT.png [KEY=VALUE]...
//
// Draws a dashboard in headless Chromium; exits 1 when a panel fails, or is empty without a text for that. Keys: to (Unix
// time), seconds (that are shown), width, rows (of the grid, from the top), theme, and var-NAME.
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { chromium } from 'playwright-core'

const [bundle, file, prometheus, output, ...settings] = process.argv.slice(2)
const query = new URLSearchParams(settings.map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const PAGE = '<!doctype html><link rel=stylesheet href=/page.css><style>body{margin:0}</style><div id=root></div>' +
  '<script type=module src=/page.js></script>'

const server = http.createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (pathname.startsWith('/api/')) {
    const answer = await fetch(prometheus + request.url)
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    return response.end(await answer.text())
  }
  if (pathname === '/dashboard.json') return response.end(readFileSync(file))
  if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
  const found = path.join(bundle, path.normalize(pathname))
  if (!existsSync(found)) return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': TYPES[path.extname(found)] ?? 'application/octet-stream' })
  response.end(readFileSync(found))
})
await new Promise(ready => server.listen(0, '127.0.0.1', ready))
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})
try {
  const width = +(query.get('width') ?? 1600)
  const page = await browser.newPage({ viewport: { width: width + 16, height: 900 } })
  const errors = new Set()
  page.on('pageerror', error => errors.add(error.message))
  page.on('console', message => message.type() === 'error' && !/Failed to load resource/.test(message.text()) && errors.add(message.text()))
  await page.goto(`http://127.0.0.1:${server.address().port}/?${query}`)
  const done = () => window.failure || (window.panels?.length && window.panels.every(panel => panel.state !== 'pending'))
  await page.waitForFunction(done, null, { timeout: 60000 })
  await page.evaluate(() => document.fonts.ready)
  await page.waitForTimeout(800) // for the plots to be drawn, of which nothing tells
  const failure = await page.evaluate(() => window.failure)
  if (failure) throw new Error(failure)
  const panels = await page.evaluate(() => window.panels)
  await page.locator('#root > div').screenshot({ path: output })
  const bad = panels.filter(panel => panel.state !== 'ok')
  for (const panel of bad) console.log(`${path.basename(file)}: "${panel.title}" ${panel.state} ${panel.error ?? ''}`)
  for (const error of errors) console.log(`${path.basename(file)}: ${error}`)
  console.log(`${output}: ${panels.length} panels, ${bad.length} without a picture`)
  process.exitCode = bad.length || errors.size ? 1 : 0
} finally {
  await browser.close()
  server.close()
  server.closeAllConnections()
}
