/** `@varve/testkit/simulation`: virtual time, seeded chance and seeded order for a database on a simulated disk. */
export { plainRuntime, type SimulatedRuntime, simulatedRuntime } from './runtime.ts'
export { Scheduler } from './scheduler.ts'
export { SimulatedJobs } from './simulated-jobs.ts'
export { Trace } from './trace.ts'
