// What the kernels of the data plane do by themselves: `kernels`, or the table of compression: `compression`.
switch CommandLine.arguments.dropFirst().first {
case "kernels": Kernels.run()
case "compression": CompressionTable.run()
default: print("usage: microbench kernels | compression")
}
