// schema.mjs FILE.json...: validates dashboards with Grafana's schema. Prints {findings: {file: [text]}, units: [id]}.
//
// Run in a folder that has the packages of package.json.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const load = async name => import(pathToFileURL(require.resolve(name)))
const Ajv = require('ajv').default
const { createGenerator } = await load('ts-json-schema-generator')
const units = Object.values(require('@grafana/grafana-foundation-sdk/units'))

const schema = createGenerator({ path: 'dashboard.ts', tsconfig: 'tsconfig.json', skipTypeCheck: true }).createSchema('Dashboard')
// Told apart by their type, so that an error names one kind of panel and not all.
const kinds = schema.definitions.Panel.anyOf
const either = oneOf => ({ type: 'object', discriminator: { propertyName: 'type' }, required: ['type'], oneOf })
schema.definitions.Panel = either(kinds)
schema.definitions.PanelOrRow = either([...kinds, schema.definitions.Row])
schema.definitions.Dashboard.properties.panels.items = { $ref: '#/definitions/PanelOrRow' }
const validate = new Ajv({ allErrors: true, discriminator: true, strict: false }).compile(schema)

function findings(file) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'))
  if (validate(dashboard)) return []
  return validate.errors.filter(error => error.keyword !== 'oneOf').map(error => {
    const at = /^\/panels\/(\d+)/.exec(error.instancePath)
    const title = at ? `"${dashboard.panels[at[1]].title}" ` : ''
    return `${title}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`
  })
}

const files = Object.fromEntries(process.argv.slice(2).map(file => [file, findings(file)]))
process.stdout.write(JSON.stringify({ findings: files, units }))
