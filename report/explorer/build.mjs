// Builds the explorer's front end: src/ and the libraries of package-lock.json -> the files of orion/explorer/assets,
// which every page holds. The same lock gives the same bytes; a test holds that (tests/explorer).
//   npm ci && npm run build [FOLDER]
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const outdir = process.argv[2] ?? "../../orion/explorer/assets";

// Of KaTeX's fonts only woff2, which every browser reads, goes into the page.
const onlyWoff2 = {
  name: "only-woff2",
  setup(setup) {
    setup.onLoad({ filter: /katex(\.min)?\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, ""),
      loader: "css",
      resolveDir: dirname(path),
    }));
  },
};

const { metafile } = await build({
  entryPoints: { explorer: "src/main.js", compare: "src/compare.js" },
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: "es2022",
  loader: { ".woff2": "dataurl" },
  legalComments: "none",
  metafile: true,
  plugins: [onlyWoff2],
  outdir,
});

// Whoever passes a page on passes these libraries on, whose licences want to come along.
const names = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
const notices = [...new Set(names.filter(Boolean))].sort().map(async (name) => {
  const { version } = JSON.parse(await readFile(join("node_modules", name, "package.json"), "utf8"));
  return `${name} ${version}\n\n${(await readFile(join("node_modules", name, "LICENSE"), "utf8")).trim()}\n`;
});
await writeFile(join(outdir, "licences.txt"), (await Promise.all(notices)).join("\n\n"));
