// Bundles the page that draws a dashboard: build.mjs OUTPUT_FOLDER
import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path.dirname(fileURLToPath(import.meta.url))
const modules = path.join(here, '../node_modules')
const output = path.resolve(process.argv[2])
mkdirSync(output, { recursive: true })
await build({
  entryPoints: [path.join(here, 'page.jsx')],
  outfile: path.join(output, 'page.js'),
  bundle: true,
  format: 'esm',
  minify: true,
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.css': 'css', '.woff2': 'dataurl', '.ttf': 'dataurl' },
  logLevel: 'error',
})
// Where Grafana serves its icons.
cpSync(path.join(modules, '@grafana/ui/dist/public'), path.join(output, 'public/build'), { recursive: true })
