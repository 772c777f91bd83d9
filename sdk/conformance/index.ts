// The conformance kit: import { extractorChecks } from 'headgate/conformance'. Each check is a test of a promise of docs/sdk.md.
export { type Check, ConformanceError, sampleRun } from './check.ts'
export { type ExtractorKit, extractorChecks } from './extractor.ts'
export { type LoaderKit, loaderChecks } from './loader.ts'
export { type TransformerKit, transformerChecks } from './transformer.ts'
export { type ValidatorKit, validatorChecks } from './validator.ts'
