# The one word of the adapter that is not in memory, which is the program's.
	.globaltype	adapter_state, i32
adapter_state:

	.globl	adapter_get_state
	.type	adapter_get_state,@function
adapter_get_state:
	.functype	adapter_get_state () -> (i32)
	global.get	adapter_state
	end_function

	.globl	adapter_set_state
	.type	adapter_set_state,@function
adapter_set_state:
	.functype	adapter_set_state (i32) -> ()
	local.get	0
	global.set	adapter_state
	end_function
