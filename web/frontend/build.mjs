// Turns the npm packages and our sources into hashed, pre-compressed files and a manifest:
//   node build.mjs OUTPUT_FOLDER
// The manifest maps a logical name ("core.js") to its file and its subresource-integrity digest.
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import * as esbuild from 'esbuild'
import * as sass from 'sass'
import subsetFont from 'subset-font'
import { icons as tablerIcons } from '@iconify-json/tabler'

const out = process.argv[2]
if (!out) throw new Error('usage: node build.mjs OUTPUT_FOLDER')
const manifest = {}

const digest = (algorithm, content) => crypto.createHash(algorithm).update(content)

/** Writes one file with its compressed twins. Fonts are compressed already, so they have none. */
function write(file, content) {
  fs.writeFileSync(path.join(out, file), content)
  if (file.endsWith('.woff2')) return
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  fs.writeFileSync(path.join(out, file + '.br'), zlib.brotliCompressSync(content, { params }))
  fs.writeFileSync(path.join(out, file + '.gz'), zlib.gzipSync(content, { level: 9 }))
}

function publish(name, file, content) {
  write(file, content)
  manifest[name] = { file, integrity: 'sha384-' + digest('sha384', content).digest('base64') }
}

function publishHashed(name, content) {
  const { name: stem, ext } = path.parse(name)
  const file = `${stem}.${digest('sha256', content).digest('hex').slice(0, 10)}${ext}`
  publish(name, file, content)
  return file
}

async function bundle(entries, format) {
  const result = await esbuild.build({
    entryPoints: entries, outdir: out, write: false, metafile: true,
    bundle: true, minify: true, format, splitting: format === 'esm', target: 'es2022',
    entryNames: '[name].[hash]', chunkNames: '[name].[hash]', legalComments: 'none',
  })
  const entryOf = Object.fromEntries(Object.entries(result.metafile.outputs).map(([file, meta]) => [path.basename(file), meta.entryPoint]))
  for (const { path: file, contents } of result.outputFiles) {
    const base = path.basename(file)
    const entry = entryOf[base]
    if (entry) publish(path.basename(entry), base, Buffer.from(contents))
    else write(base, Buffer.from(contents))
  }
}

/** Compiles the style sheet. Tabler's SCSS names its variables without the published `--tblr-` prefix. */
function compileStyles() {
  const options = { loadPaths: ['scss', 'node_modules'], style: 'compressed', logger: sass.Logger.silent }
  const layer = (name, file) => `@layer ${name}{${sass.compile(file, options).css.replace('\uFEFF', '')}}`
  const css = `@layer tabler,crm,plugin;${layer('tabler', 'scss/tabler.scss')}${layer('crm', 'scss/app.scss')}`
  return css.replace(/--(?!tblr-|crm-)([a-z0-9])/gi, '--tblr-$1')
}

const characters = (from, to) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, at) => from + at))

// What each font file holds, and under which range of characters browsers fetch it. The weights between 400 and 700 are
// all that the style sheet uses; together this halves the files that the packages bring.
const FONTS = [
  { name: 'latin', source: 'latin', ranges: [[0x20, 0x7e], [0xa0, 0xff], [0x2009, 0x2026], [0x202f, 0x203a], [0x20ac, 0x20ac], [0x2122, 0x2122], [0x2190, 0x2193], [0x2212, 0x2212]] },
  { name: 'cyrillic', source: 'cyrillic', ranges: [[0x400, 0x45f], [0x490, 0x491], [0x2116, 0x2116]] },
  { name: 'latin-ext', source: 'latin-ext', ranges: [[0x100, 0x17f], [0x218, 0x21b]] },
  { name: 'currency', source: 'latin-ext', ranges: [[0x20b4, 0x20b4], [0x20b8, 0x20ba], [0x20bd, 0x20bd]] },
]

async function fontFace({ name, source, ranges }) {
  const original = fs.readFileSync(`node_modules/@fontsource-variable/inter/files/inter-${source}-wght-normal.woff2`)
  const text = ranges.map(([from, to]) => characters(from, to)).join('')
  const axes = { wght: { min: 400, max: 700, default: 400 } }
  const file = publishHashed(`inter-${name}.woff2`, await subsetFont(original, text, { targetFormat: 'woff2', variationAxes: axes }))
  const range = ranges.map(([from, to]) => `U+${from.toString(16)}-${to.toString(16)}`).join(',')
  return `@font-face{font-family:Inter;font-style:normal;font-display:swap;font-weight:400 700;src:url(${file}) format("woff2");unicode-range:${range}}`
}

const iconNames = fs.readFileSync('icons.txt', 'utf8').split(/\s+/).filter(Boolean)

function iconSprite() {
  const symbols = iconNames.map((name) => {
    const icon = tablerIcons.icons[name]
    if (!icon) throw new Error(`icons.txt names an icon that Tabler does not have: ${name}`)
    return `<symbol id="${name}" viewBox="0 0 24 24">${icon.body}</symbol>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`
}

/** The licence of every package whose code, shapes or glyphs are in the built files. */
function licences() {
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'))
  const shipped = Object.keys(packages).filter((folder) => folder && !packages[folder].dev && fs.existsSync(folder))
  return shipped.map((folder) => {
    const { name, version, license, author } = JSON.parse(fs.readFileSync(`${folder}/package.json`, 'utf8'))
    const file = fs.readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
    const words = file ? fs.readFileSync(`${folder}/${file}`, 'utf8').trim() : `Author: ${author?.name ?? author ?? name}`
    return `${name} ${version} (${license})\n\n${words}\n`
  }).join('\n----\n\n')
}

fs.rmSync(out, { recursive: true, force: true })
fs.mkdirSync(out, { recursive: true })
const { 'theme.js': _, ...modules } = Object.fromEntries(fs.readdirSync('entry').map((file) => [file, `entry/${file}`]))
await bundle(Object.values(modules), 'esm')
await bundle(['entry/theme.js'], 'iife')
publishHashed('app.css', Buffer.from((await Promise.all(FONTS.map(fontFace))).join('') + compileStyles()))
publishHashed('icons.svg', Buffer.from(iconSprite()))
manifest['icons.svg'].names = iconNames.join(' ')
publishHashed('favicon.svg', fs.readFileSync('favicon.svg'))
fs.writeFileSync(path.join(out, 'LICENSES.txt'), licences())
fs.writeFileSync(path.join(out, 'manifest.json'), JSON.stringify(manifest, null, 1))
