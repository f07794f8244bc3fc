export const page: u32 = 65536
